/**
 * Part of `TokenSeal` that the fleet uses. The service satisfies it.
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

export interface Seal {
  readonly seal: (key: string, text: string) => Effect.Effect<string>
  readonly open: (key: string, sealed: string) => Effect.Effect<Option.Option<string>>
  readonly name: (text: string) => Effect.Effect<string>
}
