/**
 * Problems of a value with a schema, including unknown members, each with its path.
 */
import * as Schema from "effect/Schema"

export interface Issue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** The value, or all issues. */
export type Checked<A> = { readonly value: A; readonly issues?: undefined } | { readonly issues: ReadonlyArray<Issue> }

export const check = <A, I>(schema: Schema.Schema<A, I>, value: unknown): Checked<A> =>
  // Synchronous for synchronous schemas.
  Schema.standardSchemaV1(schema, { onExcessProperty: "error" })["~standard"].validate(value) as Checked<A>
