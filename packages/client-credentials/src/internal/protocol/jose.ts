/**
 * Functions of `jose` that import and generate keys, loaded when a key is used. A module without other imports: one that
 * shares modules with the rest would split a bundle into further files.
 */
export { generateKeyPair, importJWK, importPKCS8 } from "jose"
