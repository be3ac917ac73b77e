/**
 * The life of one cached token: `(state, now, event) -> [state, command]`, without effects.
 *
 * `F` is whatever stands for a flight, that is, for one request to the token endpoint that is under way.
 */
import * as Equal from "effect/Equal"

import { type AccessToken, usableUntil } from "../AccessToken.js"

export interface State<F> {
  readonly token: AccessToken | undefined
  readonly flight: F | undefined
}

export type Event<F> =
  /** A caller wants a token; `flight` is the one to begin if it takes one. */
  | { readonly _tag: "Asked"; readonly flight: F }
  /** A flight brought a token. */
  | { readonly _tag: "Issued"; readonly flight: F; readonly token: AccessToken }
  /** A flight failed, or was interrupted. */
  | { readonly _tag: "Failed"; readonly flight: F }
  /** The API refused this token. */
  | { readonly _tag: "Rejected"; readonly token: AccessToken }

export type Command<F> =
  | { readonly _tag: "Serve"; readonly token: AccessToken }
  | { readonly _tag: "Begin"; readonly flight: F }
  | { readonly _tag: "Join"; readonly flight: F }
  | { readonly _tag: "Nothing" }

export const empty: State<never> = { token: undefined, flight: undefined }

/** The token that may be handed out now. */
export const usable = (state: State<unknown>, now: number): AccessToken | undefined =>
  state.token !== undefined && now < usableUntil(state.token) ? state.token : undefined

const nothing: Command<never> = { _tag: "Nothing" }

export const step = <F>(state: State<F>, now: number, event: Event<F>): readonly [State<F>, Command<F>] => {
  switch (event._tag) {
    case "Asked": {
      const token = usable(state, now)
      if (token !== undefined) return [state, { _tag: "Serve", token }]
      if (state.flight !== undefined) return [state, { _tag: "Join", flight: state.flight }]
      return [{ token: undefined, flight: event.flight }, { _tag: "Begin", flight: event.flight }]
    }
    case "Issued":
      // A token that is not usable even now serves those who wait for it, once, and is not kept.
      return state.flight === event.flight ? [{ token: event.token, flight: undefined }, nothing] : [state, nothing]
    case "Failed":
      return state.flight === event.flight ? [{ ...state, flight: undefined }, nothing] : [state, nothing]
    case "Rejected":
      return state.token !== undefined && Equal.equals(state.token.value, event.token.value)
        ? [{ ...state, token: undefined }, nothing]
        : [state, nothing]
  }
}
