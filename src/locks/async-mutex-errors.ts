/**
 * The error objects of async-mutex, which programs compare by identity.
 *
 * async-mutex has one set of them for ES modules and one for CommonJS. The package is bundled with another file in the place of
 * this one (scripts/bundle.mjs): a process has the set of the module system by which it first came to this package.
 */
export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from 'async-mutex';
