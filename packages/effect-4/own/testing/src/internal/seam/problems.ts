/**
 * Lists the mismatches of a value and a schema, including unknown members, each with its path.
 */
import * as Schema from "effect/Schema"

export interface Issue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** The value, or all issues. */
export type Checked<A> = { readonly value: A; readonly issues?: undefined } | { readonly issues: ReadonlyArray<Issue> }

const parseOptions = { onExcessProperty: "error", errors: "all" } as const

export const check = <A, I>(schema: Schema.Codec<A, I>, value: unknown): Checked<A> =>
  // Synchronous for schemas that are.
  Schema.toStandardSchemaV1(schema, { parseOptions })["~standard"].validate(value) as Checked<A>
