/** Where this package's own modules are. The package is bundled with another file in the place of this one (scripts/bundle.mjs). */

/** The ES module that stands in for `async-mutex`. */
export const substituteUrl: string = new URL('../async-mutex.js', import.meta.url).href;

/** The folder of the modules, with a slash at the end. */
export const ownUrl: string = new URL('..', import.meta.url).href;

/** What runs in the thread of module hooks. */
export const hooksUrl: string = new URL('./esm-hooks.js', import.meta.url).href;
