/**
 * Loads modules of the platform at run time, without an import, which bundlers for other runtimes would follow.
 */

interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown }
}

/** Returns a module such as `node:zlib`; undefined if the runtime does not have it. */
export const builtin = <A>(id: string): A | undefined => {
  try {
    return (globalThis as Runtime).process?.getBuiltinModule?.(id) as A | undefined
  } catch {
    // Workers throw for modules that a flag would enable.
    return undefined
  }
}
