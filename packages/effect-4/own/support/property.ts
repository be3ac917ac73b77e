/**
 * Tests of properties with arbitraries of fast-check.
 */
import { it } from "@effect/vitest"
import * as fc from "fast-check"

type Values<Arbitraries extends ReadonlyArray<fc.Arbitrary<unknown>>> = {
  readonly [Index in keyof Arbitraries]: Arbitraries[Index] extends fc.Arbitrary<infer Value> ? Value : never
}

/** Runs a test with values of arbitraries, until one fails. */
export const property = <const Arbitraries extends ReadonlyArray<fc.Arbitrary<unknown>>>(
  name: string,
  arbitraries: Arbitraries,
  test: (values: Values<Arbitraries>) => unknown,
  options: { readonly fastCheck?: fc.Parameters<[Values<Arbitraries>]> } = {}
): void =>
  it(name, () =>
    fc.assert(
      fc.asyncProperty(fc.tuple(...arbitraries) as unknown as fc.Arbitrary<Values<Arbitraries>>, async (values) => {
        await test(values)
      }),
      options.fastCheck
    ))
