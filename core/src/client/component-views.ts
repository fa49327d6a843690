import type { ComponentType } from '../stack/component-types.ts';
import { flavorProblem } from '../stack/flavor-status.ts';
import type { StoredFlavor } from '../stack/flavor.ts';
import type { ComponentRecord } from '../store/stack-data.ts';
import { componentView, type ComponentView } from './listings.ts';
import { maskSecrets } from './mask-secrets.ts';

/** How components of these flavors are shown: secrets masked, with what is wrong with their flavor. Each flavor is looked at once, and none is imported. */
export function componentViews(flavors: readonly StoredFlavor[], root: string): (component: ComponentRecord) => ComponentView {
  const problems = new Map<string, string | null>();
  const problemOf = (type: ComponentType, name: string): string | null => {
    const flavor = flavors.find((each) => each.type === type && each.name === name);
    return flavor === undefined ? 'it is not registered' : flavorProblem(flavor, root);
  };
  return (component) => {
    const key = `${component.type} ${component.flavor}`;
    const problem = problems.get(key) ?? (problems.has(key) ? null : problemOf(component.type, component.flavor));
    problems.set(key, problem);
    return componentView(maskSecrets(component, flavors), problem);
  };
}
