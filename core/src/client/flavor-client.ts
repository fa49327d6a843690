import { checkOptions, type OptionKinds } from '../check-options.ts';
import { checkObjects, checkTexts } from '../check-texts.ts';
import { BadUsage } from '../errors.ts';
import { flavorProblem } from '../stack/flavor-status.ts';
import type { FlavorOptions, FlavorRegistry, NewFlavor, RefreshedFlavor } from '../stack/flavor-registry.ts';
import { flavorView, type FlavorView, type Listing } from './listings.ts';
import { SecretClient } from './secret-client.ts';

const REGISTERING: OptionKinds<FlavorOptions> = { force: 'flag', onLoad: 'callback' };

/** The part of the client that reads and edits flavors. To list and to describe them imports none of them. */
export class FlavorClient extends SecretClient {
  /** Flavors of a component type, or all. Throws `UnknownComponentType`. */
  async listFlavors(type?: string): Promise<Listing<FlavorView>> {
    if (type !== undefined) checkTexts('listFlavors()', { type });
    const { registry, project } = await this.open();
    const flavors = await registry.flavors(type);
    return { items: flavors.map((flavor) => flavorView(flavor, flavorProblem(flavor, project.root))), next: null };
  }

  /** Throws `UnknownComponentType`, `UnknownFlavor`. */
  async getFlavor(type: string, name: string): Promise<FlavorView> {
    checkTexts('getFlavor()', { type, name });
    const { registry, project } = await this.open();
    const flavor = await registry.flavor(type, name);
    return flavorView(flavor, flavorProblem(flavor, project.root));
  }

  /**
   * Registers a flavor of the project's own or of an installed package: imports it, which runs its code, and stores what it says of itself.
   * Nothing is stored unless all of it is right.
   * @param options.onLoad called before the module is imported, with what will be
   * @param options.force it may take the place of another flavor of its name
   * @throws UnknownComponentType, BadFlavorSource, FlavorModuleNotFound, FlavorNeedsLoader, FlavorImportFailed, FlavorExportMissing, NotAFlavor,
   * FlavorWrongType, FlavorWrongApiVersion, FlavorBadSchema, FlavorNameTaken, BuiltInShadowed
   */
  async registerFlavor(flavor: NewFlavor, options: FlavorOptions = {}): Promise<FlavorView> {
    checkObjects('registerFlavor()', { flavor });
    checkTexts('registerFlavor()', { type: flavor.type, source: flavor.source });
    checkOptions('registerFlavor()', flavor, { type: 'text', source: 'text' });
    checkOptions('registerFlavor()', options, REGISTERING);
    const { type, name } = await (await this.flavorRegistry()).register(flavor, options);
    return this.getFlavor(type, name);
  }

  /** Throws `UnknownComponentType`, `UnknownFlavor`, `FlavorBuiltIn`, `FlavorInUse`. */
  async deleteFlavor(type: string, name: string): Promise<void> {
    checkTexts('deleteFlavor()', { type, name });
    await (await this.flavorRegistry()).delete(type, name);
  }

  /**
   * Loads flavors anew, which runs their code, and stores what they are now: all that do not come with Mortise, those of a type, or one.
   * One that cannot be loaded is in the result, not thrown.
   * @throws UnknownComponentType, UnknownFlavor
   */
  async refreshFlavors(
    which: { type?: string; name?: string } = {},
    options: Pick<FlavorOptions, 'onLoad'> = {},
  ): Promise<RefreshedFlavor[]> {
    // A flavor that is misspelt would run the code of all.
    checkOptions('refreshFlavors()', which, { type: 'text', name: 'text' });
    checkOptions('refreshFlavors()', options, { onLoad: 'callback' });
    if (which.name !== undefined && which.type === undefined) throw new BadUsage({ what: 'refreshFlavors() needs a type beside a name' });
    return (await this.flavorRegistry()).refresh(which, options);
  }

  private async flavorRegistry(): Promise<FlavorRegistry> {
    const place = await this.open();
    const { FlavorRegistry } = await import('../stack/flavor-registry.ts');
    return new FlavorRegistry(place);
  }
}
