/**
 * Methods of client authentication with a client secret. Apart from the other methods, so that a program with a secret does not
 * load their code.
 */
import * as Effect from "effect/Effect"

import type * as signedAssertion from "../http/signedAssertion.js"
import * as encoding from "../protocol/basicCredentials.js"
import * as algorithms from "../protocol/signingAlgorithm.js"
import { collect, given } from "./check.js"
import * as clientAssertion from "./clientAssertion.js"
import * as credentials from "./credentials.js"
import type { Source } from "./credentialSource.js"

/** Proof of a secret in a request. */
interface Proof {
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly redact?: ReadonlyArray<string> | undefined
  readonly hint?: string | undefined
}

interface Rotation {
  /** Previous secret, tried when the server rejects the current one. */
  readonly previous?: Source | undefined
}

const make = (method: credentials.Method<signedAssertion.Target, Proof>) => credentials.make(method)

/** Sends the secret in the body (RFC 6749 section 2.3.1). */
export const clientSecretPost = (secret: Source, options: Rotation = {}) =>
  make({
    method: "client_secret_post",
    kind: "client secret",
    options,
    names: ["previous"],
    current: secret,
    previous: given(options).previous,
    prepare: (value) => ({
      prove: ({ clientId }) => Effect.succeed({ parameters: { client_id: clientId, client_secret: value } })
    })
  })

/** Sends id and secret by basic auth, each form-encoded before they are joined (RFC 6749 section 2.3.1 and appendix B). */
export const clientSecretBasic = (
  secret: Source,
  options: Rotation & { readonly encoding?: "form" | "raw" | undefined } = {}
) =>
  make({
    method: "client_secret_basic",
    kind: "client secret",
    options,
    names: ["previous", "encoding"],
    current: secret,
    previous: given(options).previous,
    prepare: (value) => ({
      prove: ({ clientId }) => {
        const [form, raw] = [encoding.basic(clientId, value), encoding.rawBasic(clientId, value)]
        return Effect.succeed({
          headers: { authorization: `Basic ${options.encoding === "raw" ? raw : form}` },
          redact: [form, raw, value],
          hint: form === raw
            ? undefined
            : "The id or the secret has characters that servers read in two ways by basic auth: try the encoding " +
              `"${options.encoding === "raw" ? "form" : "raw"}" (OAUTH_BASIC_ENCODING).`
        })
      }
    }),
    problems: (clientId) => {
      const { expect, problems } = collect()
      expect(
        "clientId",
        options.encoding === "raw" && clientId.includes(":") ? undefined : true,
        "without a colon where basic auth takes it raw (RFC 7617 section 2); form-encoded it may have one"
      )
      return problems
    }
  })

/** Sends an assertion signed with the secret by HMAC (RFC 7523 section 2.2). `load` returns the code that signs. */
export const clientSecretJwt = (load: Effect.Effect<typeof signedAssertion>) =>
(
  secret: Source,
  options: Omit<signedAssertion.Options, "certificate"> & Rotation & {
    readonly algorithm?: algorithms.HmacAlgorithm | undefined
  } = {}
) => {
  const all = Object.keys(algorithms.minSecretBytes) as ReadonlyArray<algorithms.HmacAlgorithm>
  return make({
    method: "client_secret_jwt",
    kind: "client secret",
    options,
    names: clientAssertion.names,
    current: secret,
    previous: given(options).previous,
    prepare: (value) => {
      const wanted = given(options).algorithm
      const { length } = new TextEncoder().encode(value)
      const possible = (wanted === undefined ? all : [wanted]).filter((one) =>
        length >= (algorithms.minSecretBytes[one] ?? 0)
      )
      if (possible.length === 0) {
        const [algorithm] = wanted === undefined ? all : [wanted]
        return {
          found: `of ${length} bytes, and ${algorithm} needs ${
            algorithms.minSecretBytes[algorithm ?? "HS256"]
          } or more (RFC 7518 section 3.2)`
        }
      }
      return {
        prove: (target) =>
          Effect.flatMap(load, ({ ofSecret, prove, unsupported }) => {
            const { issuer, signingAlgorithms } = target
            const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
            const signingKey = algorithm === undefined
              ? unsupported(issuer, possible, signingAlgorithms ?? [])
              : ofSecret(value, algorithm)
            return Effect.map(
              prove(given(options), signingKey, undefined, target),
              (proof) => ({ ...proof, redact: [value] })
            )
          })
      }
    },
    problems: () => clientAssertion.problems(given(options), all)
  })
}
