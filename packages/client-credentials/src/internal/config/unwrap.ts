import * as Config from "effect/Config"

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

const read = (wrapped: unknown): Config.Config<unknown> =>
  Config.isConfig(wrapped)
    ? wrapped
    : isPlain(wrapped)
    ? Config.all(Object.fromEntries(Object.entries(wrapped).map(([name, value]) => [name, read(value)])))
    : Config.succeed(wrapped)

/**
 * Reads options from an object of `Config`s. A value that is not a `Config`, such as `undefined`, is returned unchanged, so
 * that it is validated with the others. `Config.unwrap` throws for it.
 */
export const unwrap = <A>(wrapped: Config.Config.Wrap<A>): Config.Config<A> => read(wrapped) as Config.Config<A>
