/**
 * Certificates and keys of TLS connections: sources and validation.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"

import * as ownEffects from "../http/ownEffects.js"
import { areCertificates, type Authorities, type Material, secureContext } from "../http/tlsContext.js"
import { tagOf } from "../protocol/foreignError.js"
import { collect, type Problem } from "./check.js"

/** Options of `NodeTls` that are read: values, or Effects that read them. */
export interface Sources {
  readonly ca?: Authorities | Effect.Effect<Authorities, unknown> | undefined
  readonly extraCa?: Authorities | Effect.Effect<Authorities, unknown> | undefined
  readonly certificate?: string | Effect.Effect<string, unknown> | undefined
  readonly key?: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown> | undefined
  readonly passphrase?: Redacted.Redacted<string> | undefined
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
}

/** Validates each part separately, so that a problem names the part. */
const problems = ({ ca, certificate, extraCa, key, passphrase }: Material): ReadonlyArray<Problem> => {
  const fits = (part: Partial<Material>): boolean => {
    try {
      secureContext(part)
      return true
    } catch {
      return false
    }
  }
  const { expect, problems } = collect()
  const areAuthorities = (given: unknown): boolean => {
    const pems: ReadonlyArray<unknown> = Array.isArray(given) ? given : [given]
    return pems.length > 0 && pems.every((pem) => typeof pem === "string" && areCertificates(pem) && fits({ ca: pem }))
  }
  for (const [setting, pems] of Object.entries({ ca, extraCa })) {
    expect(
      setting,
      pems === undefined || areAuthorities(pems) ? true : undefined,
      "certificates of authorities, as PEM, each of them whole"
    )
  }
  expect(
    "extraCa",
    ca === undefined || extraCa === undefined ? true : undefined,
    "absent if ca is set, which replaces the authorities of Node: add all of them to ca"
  )
  const isCertificate = certificate === undefined ||
    typeof certificate === "string" && certificate.trim() !== "" && fits({ certificate })
  expect("certificate", isCertificate ? true : undefined, "a certificate, as PEM")
  expect(
    "passphrase",
    passphrase === undefined || Redacted.isRedacted(passphrase) ? true : undefined,
    "the passphrase of the key, Redacted"
  )
  if ((certificate === undefined) !== (key === undefined)) {
    expect("key", undefined, "together with the certificate, or neither")
  } else if (key !== undefined && problems.length === 0) {
    // Node ignores an empty key, and then presents no certificate.
    const isKey = Redacted.isRedacted(key) && Redacted.value(key) !== "" && fits({ certificate, key, passphrase })
    expect(
      "key",
      isKey ? key : undefined,
      "the private key of the certificate, as PEM and Redacted, and its passphrase if it has one"
    )
  }
  return problems
}

/** Time limit of a source. A slower source counts as failed. */
const limit = "5 seconds"

const value = <A>(setting: string, source: A | Effect.Effect<A, unknown>): Effect.Effect<A, Problem> => {
  const unreadable = (reason: string): Problem => ({ setting, expected: `a source that can be read (${reason})` })
  return Effect.isEffect(source)
    ? ownEffects.bounded(Effect.mapError(source as Effect.Effect<A, unknown>, (error) => unreadable(tagOf(error))), {
      limit,
      onDefect: (defect) => unreadable(tagOf(defect)),
      onTimeout: () => unreadable(`nothing within ${limit}`)
    })
    : Effect.succeed(source)
}

/** Options that may be sources. */
const readable = ["ca", "extraCa", "certificate", "key"] as const

export const hasSources = (options: Sources): boolean => readable.some((name) => Effect.isEffect(options[name]))

/** By content: a source of several authorities makes a new list each time. */
const isSame = (one: unknown, other: unknown): boolean =>
  Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((pem, index) => pem === other[index])
    : Equal.equals(one, other)

/**
 * Reads the sources. Fails with every problem of the material. Material that equals the previous one is valid, and is
 * returned as the identical object.
 */
export const read = (options: Sources, before?: Material): Effect.Effect<Material, ReadonlyArray<Problem>> =>
  Effect.all({
    ca: value<Material["ca"]>("ca", options.ca),
    extraCa: value<Material["extraCa"]>("extraCa", options.extraCa),
    certificate: value<Material["certificate"]>("certificate", options.certificate),
    key: value<Material["key"]>("key", options.key)
  }).pipe(
    Effect.mapError((problem) => [problem]),
    Effect.flatMap((parts) => {
      if (before !== undefined && readable.every((name) => isSame(parts[name], before[name]))) {
        return Effect.succeed(before)
      }
      const material = { ...parts, passphrase: options.passphrase, minVersion: options.minVersion ?? "TLSv1.2" }
      const found = problems(material)
      return found.length === 0 ? Effect.succeed(material) : Effect.fail(found)
    })
  )
