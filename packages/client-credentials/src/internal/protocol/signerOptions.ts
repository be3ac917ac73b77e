/**
 * Validates the options of signers, and signers that a program implements itself.
 */
import { isRecord } from "./json.js"
import { algorithmOf, hashOf, sizeOf } from "./jws.js"
import { isPrintable, notAnObject, type Problem, unknownNames } from "./options.js"
import * as publicKey from "./publicKey.js"
import { type Algorithm, algorithms, isAlgorithm } from "./signingAlgorithm.js"

const all = (): ReadonlyArray<Algorithm> => [...new Set(Object.values(algorithms).flat())]

const isFunction = (value: unknown): boolean => typeof value === "function"

/** Returns the problems of a value that is used as a signer. */
export const signerProblems = (value: unknown): ReadonlyArray<Problem> => {
  if (!isRecord(value)) {
    return [{ setting: "", expected: "a Signer, created by Signer.make, Signer.fromDer or Signer.fromCryptoKey" }]
  }
  const { algorithm, keyId, problems, publicKey: given, sign } = value
  // Report the problems of the options that it was created with.
  if (Array.isArray(problems) && problems.length > 0) return problems as ReadonlyArray<Problem>
  const key = publicKey.read(given)
  const isKey = given === undefined || (key !== undefined && publicKey.algorithmsOf(key).includes(String(algorithm)))
  const rules: ReadonlyArray<readonly [string, boolean, string]> = [
    ["algorithm", isAlgorithm(algorithm), all().join(", ")],
    ["keyId", keyId === undefined || isPrintable(keyId), "a string of one or more characters"],
    [
      "publicKey",
      isKey || !isAlgorithm(algorithm),
      `a public key that belongs to ${
        String(algorithm)
      }, without its private part: a JWK, or SubjectPublicKeyInfo as DER ` +
      "or PEM (RFC 5280 section 4.1)"
    ],
    ["sign", isFunction(sign), "a function that returns an Effect"]
  ]
  return rules.flatMap(([setting, isValid, expected]) => isValid ? [] : [{ setting, expected }])
}

/** Returns the problems of the options of `make`, or of `fromDer`, which accepts ECDSA algorithms only. */
export const problems = (options: unknown, isDer: boolean): ReadonlyArray<Problem> => {
  if (!isRecord(options)) return [notAnObject]
  const { algorithm, sign, signDigest } = options
  const own: Array<Problem> = [...unknownNames(options, ["algorithm", "keyId", "publicKey", "sign", "signDigest"])]
  if (isDer && isAlgorithm(algorithm) && sizeOf(algorithm) === undefined) {
    own.push({ setting: "algorithm", expected: "ES256, ES384 or ES512: signatures of other algorithms are not DER" })
  }
  if (sign !== undefined && signDigest !== undefined) {
    own.push({ setting: "signDigest", expected: "absent if sign is set: only one of them signs" })
  } else if (signDigest !== undefined) {
    if (!isFunction(signDigest)) own.push({ setting: "signDigest", expected: "a function that returns an Effect" })
    else if (isAlgorithm(algorithm) && hashOf(algorithm) === undefined) {
      own.push({ setting: "signDigest", expected: `absent: ${algorithm} signs the message, so that sign is needed` })
    }
  }
  // `signDigest` was validated above.
  const signer = { ...options, problems: undefined, sign: signDigest === undefined ? sign : () => undefined }
  return [...signerProblems(signer), ...own]
}

const minRsaBits = 2048

/** Returns the problems of the key in the options of `fromCryptoKey`. */
export const cryptoKeyProblems = (options: unknown): ReadonlyArray<Problem> => {
  if (!isRecord(options)) return [notAnObject]
  const own = unknownNames(options, ["key", "keyId", "publicKey"])
  const { key } = options
  const privateKey: unknown = isRecord(key) && "privateKey" in key ? key["privateKey"] : key
  if (!(privateKey instanceof CryptoKey)) {
    return [...own, { setting: "key", expected: "a CryptoKey or a CryptoKeyPair" }]
  }
  const { modulusLength = minRsaBits } = privateKey.algorithm as { readonly modulusLength?: number }
  const isUsable = privateKey.usages.includes("sign") && algorithmOf(privateKey) !== undefined &&
    modulusLength >= minRsaBits
  return isUsable ? own : [...own, {
    setting: "key",
    expected: "a private key with the usage sign: RSASSA-PKCS1-v1_5 or RSA-PSS with 2048 bits or more, ECDSA or Ed25519"
  }]
}
