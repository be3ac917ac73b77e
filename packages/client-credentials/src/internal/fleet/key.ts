/**
 * The keys of the entries in the store: one rule for whatever reads or writes an entry. A key is a keyed fingerprint, so a
 * store discloses neither requests nor credentials.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { TokenRequest } from "../../TokenRequest.js"
import type { Seal } from "./seal.js"

/** What the key needs of the client's authentication. */
export type Authentication = (supported: undefined) => {
  readonly credentials: readonly [
    Effect.Effect<{ readonly identity: Redacted.Redacted<string> }, unknown>,
    ...ReadonlyArray<unknown>
  ]
}

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) => one < other ? -1 : 1

/**
 * The key of a token: every field of the request, and the credential. Clients with different credentials share nothing, and
 * do not replace each other's tokens. Equal requests have one key, in whichever order their fields were written.
 */
export const ofToken = (seal: Seal, authentication: Authentication) => (request: TokenRequest): Effect.Effect<string> =>
  authentication(undefined).credentials[0].pipe(
    Effect.map(({ identity }) => Redacted.value(identity)),
    Effect.orElseSucceed(() => ""),
    Effect.flatMap((credential) => seal.name(JSON.stringify([...Object.entries(request).sort(byName), credential])))
  )

/** The key of the last failure to request the token of a key. */
export const ofFailure = (seal: Seal, token: string): Effect.Effect<string> => seal.name(`failure ${token}`)

/** The key of the ledger of a budget: of the clients that share its name, or of one client. */
export const ofBudget = (
  seal: Seal,
  { clientId, endpoint }: TokenRequest,
  name: string | undefined
): Effect.Effect<string> =>
  // No endpoint is the word "of": no name is that of a client.
  seal.name(name === undefined ? `budget ${endpoint} ${clientId}` : `budget of ${name}`)
