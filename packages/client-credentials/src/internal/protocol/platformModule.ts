/**
 * Modules of the platform, found at run time: without an import, which bundlers for other runtimes would follow.
 */

interface Runtime {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown }
}

/** A module such as `node:zlib`, or undefined where the runtime does not have it. */
export const builtin = <A>(id: string): A | undefined => {
  try {
    return (globalThis as Runtime).process?.getBuiltinModule?.(id) as A | undefined
  } catch {
    // Workers throw for modules that a flag would enable.
    return undefined
  }
}
