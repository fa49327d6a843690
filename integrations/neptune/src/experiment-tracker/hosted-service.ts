const HOSTS = /(^|\.)neptune\.ai$/i;

/** Is it an address of the service that Neptune ran itself? */
export function isHostedService(server: string): boolean {
  return URL.canParse(server) && HOSTS.test(new URL(server).hostname);
}

/** Why nothing can be sent there and what to do, in words that follow what was given. */
export const SERVICE_ENDED =
  "is of Neptune's hosted service, which ended on 5 March 2026 and whose data was deleted. Keep runs in files (mode=offline), give the token of a Neptune " +
  'that you host, or take over what you have of it by "mortise import neptune"; allowClosedService=true takes the token all the same';
