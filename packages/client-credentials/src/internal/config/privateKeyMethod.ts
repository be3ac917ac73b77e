/**
 * Assertions that are signed with a private key, or by a signer. A separate file, so that bundlers leave the code that reads
 * private keys out of programs without them.
 */
import * as Effect from "effect/Effect"

import type { Signer } from "../../Signer.js"
import * as signedAssertion from "../http/signedAssertion.js"
import { isCertificate } from "../protocol/certificate.js"
import * as privateKey from "../protocol/privateKey.js"
import * as algorithms from "../protocol/signingAlgorithm.js"
import { collect, given, printable } from "./check.js"
import * as clientAssertion from "./clientAssertion.js"
import * as credentials from "./credentials.js"
import type * as credentialSource from "./credentialSource.js"
import * as signers from "./signers.js"

interface Options extends signedAssertion.Options {
  readonly key?: credentialSource.Source | undefined
  readonly signer?: Signer | undefined
  readonly previous?: credentialSource.Source | Signer | undefined
  readonly keyId?: string | undefined
  readonly algorithm?: algorithms.Algorithm | undefined
}

/**
 * Creates a method that signs assertions: those of a client, unless others are given. `more` lists the names of its
 * additional options.
 */
export const make = (
  options: Options,
  assertion: signedAssertion.Assertion | undefined,
  more: ReadonlyArray<string>
) => {
  const { algorithm, certificate, key, keyId, previous, signer } = given(options)
  /** Removes the certificate from the options of the previous key: it belongs to the current key. */
  const optionsOf = (isPrevious: boolean) => isPrevious ? { ...options, certificate: undefined } : given(options)
  return credentials.make<signedAssertion.Target, signedAssertion.Proof>({
    method: "private_key_jwt",
    kind: "private key",
    options,
    names: [
      ...clientAssertion.names.filter((name) => name !== "previous"),
      "key",
      "signer",
      "keyId",
      "certificate",
      ...more
    ],
    // A value that is neither is reported by `problems`.
    current: signer ?? key as credentialSource.Source,
    setting: signer === undefined ? "key" : "signer",
    previous,
    prepare: (value, isPrevious) => {
      const key = privateKey.read(value, keyId)
      if (!privateKey.isUsable(key)) return key
      const possible = algorithms.algorithms[key.type]
      // A value that is not an algorithm is a problem of the option.
      const wanted = algorithms.isAlgorithm(algorithm) ? algorithm : key.algorithm
      if (wanted !== undefined && !possible.includes(wanted)) {
        return { found: `a key of type ${key.type}, which does not sign by ${wanted}, but by ${possible.join(", ")}` }
      }
      const identified = { ...key, keyId: keyId ?? key.keyId }
      return {
        prove: (target) =>
          Effect.suspend(() => {
            const { issuer, signingAlgorithms } = target
            const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
            const signingKey = algorithm === undefined
              ? signedAssertion.unsupported(issuer, wanted === undefined ? possible : [wanted], signingAlgorithms ?? [])
              : signedAssertion.ofPrivateKey(identified, algorithm)
            return signedAssertion.prove(optionsOf(isPrevious), signingKey, assertion, target)
          })
      }
    },
    signers: {
      identityOf: (one) => signers.identityOf(one, one !== signer),
      problems: signers.problems,
      prove: (one) => (target) =>
        Effect.suspend(() => {
          const { issuer, signingAlgorithms } = target
          const signingKey = signingAlgorithms?.includes(one.algorithm) === false
            ? signedAssertion.unsupported(issuer, [one.algorithm], signingAlgorithms)
            : Effect.succeed(signedAssertion.ofSigner(one, one === signer ? keyId : undefined))
          return signedAssertion.prove(optionsOf(one !== signer), signingKey, assertion, target)
        })
    },
    problems: () => {
      const { expect, problems } = collect()
      expect(
        "keyId",
        keyId === undefined || printable(keyId) ? true : undefined,
        "a string of one or more characters"
      )
      expect(
        "certificate",
        certificate === undefined || isCertificate(certificate) ? true : undefined,
        "a certificate in PEM, of which the first one counts"
      )
      expect("key", key === undefined || signer === undefined ? true : undefined, "absent if signer is set")
      expect(
        "algorithm",
        algorithm === undefined || signer === undefined ? true : undefined,
        "absent if signer is set: the signer determines it"
      )
      const known = [...new Set(Object.values(algorithms.algorithms).flat())]
      return [...problems, ...clientAssertion.problems(given(options), known)]
    }
  })
}
