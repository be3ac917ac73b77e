/**
 * Access token for programs without Effect.
 */
import * as Inspectable from "effect/Inspectable"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "../../AccessToken.js"

/** Token whose value is not an own property, so that nothing prints, copies or serializes it. */
export class ShownToken extends Inspectable.Class {
  readonly type: "Bearer" | "DPoP"
  readonly scope: ReadonlyArray<string> | undefined
  readonly expiresAt: Date
  readonly #value: string

  constructor({ expiresAt, scope, type = "Bearer", value }: AccessToken) {
    super()
    this.type = type
    this.scope = scope && [...scope]
    this.expiresAt = new Date(expiresAt)
    this.#value = Redacted.value(value)
  }

  get value(): string {
    return this.#value
  }

  override toJSON() {
    return { ...this }
  }
}
