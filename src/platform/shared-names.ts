/** Which names the properties of shared objects have: those of the sources. The package has its own (scripts/short-names.mjs). */
export const sharedNames: string = '';
