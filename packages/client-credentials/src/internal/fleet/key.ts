/**
 * The keys of the entries in the store: one rule for whatever reads or writes an entry. A key is a keyed fingerprint, so a
 * store discloses neither requests nor credentials.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { TokenRequest } from "../../TokenRequest.js"
import type { Seal } from "./seal.js"

/** What the key needs of a client: what its tokens are requested with. */
export interface Client {
  readonly authentication: (supported: undefined) => {
    readonly credentials: readonly [
      Effect.Effect<
        { readonly identity: Redacted.Redacted<string>; readonly owner?: string | undefined },
        unknown
      >,
      ...ReadonlyArray<unknown>
    ]
  }
  readonly grant?: {
    readonly isOnBehalfOf: boolean
    readonly present: (target: {
      readonly clientId: string
      readonly endpoint: string
      readonly issuer: string | undefined
      readonly now: number
      readonly subject: undefined
    }) => Effect.Effect<
      { readonly owner?: string | undefined; readonly parameters: Readonly<Record<string, string>> },
      unknown
    >
  } | undefined
}

const ofCredential = ({ authentication }: Client): Effect.Effect<string> =>
  authentication(undefined).credentials[0].pipe(
    Effect.map(({ identity, owner }) => owner ?? Redacted.value(identity)),
    Effect.orElseSucceed(() => "")
  )

/** The owner of what the grant presents; undefined where it presents the token of a user, which is part of the request. */
const ofGrant = (grant: Client["grant"], request: TokenRequest): Effect.Effect<string | undefined> =>
  grant === undefined || grant.isOnBehalfOf ? Effect.succeed(undefined) : Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => {
      const { clientId, endpoint, issuer } = request
      return grant.present({ clientId, endpoint, issuer, now, subject: undefined })
    }
  ).pipe(
    Effect.map(({ owner, parameters }) => owner ?? JSON.stringify(parameters)),
    Effect.orElseSucceed(() => "")
  )

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) => one < other ? -1 : 1

/** A redacted field prints as every other one: the name that is made of it is a fingerprint. */
const inClear = ([name, value]: readonly [string, unknown]): readonly [string, unknown] => [
  name,
  Redacted.isRedacted(value) ? Redacted.value(value) : value
]

/**
 * The key of a token: every field of the request, and the credential. Clients with different credentials share nothing, and
 * do not replace each other's tokens. Equal requests have one key, in whichever order their fields were written.
 */
export const ofToken = (seal: Seal, client: Client) => {
  // A platform is asked once who its workload is: that does not change while the process runs.
  let known: string | undefined
  const owner = (request: TokenRequest) =>
    known === undefined
      ? Effect.tap(
        ofGrant(client.grant, request),
        (found) => Effect.sync(() => known = found === "" ? undefined : found)
      )
      : Effect.succeed(known)
  return (request: TokenRequest): Effect.Effect<string> =>
    Effect.flatMap(
      Effect.all([ofCredential(client), owner(request)]),
      ([credential, owner]) =>
        seal.name(JSON.stringify([
          ...Object.entries(request).sort(byName).map(inClear),
          credential,
          ...(owner === undefined ? [] : [owner])
        ]))
    )
}

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
