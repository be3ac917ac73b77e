/**
 * The certificates and keys of TLS connections: their sources, and the validation of what is read.
 */
import { createSecureContext } from "node:tls"

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { tagOf } from "../protocol/foreignError.js"
import { abandonable } from "../seam/fiber.js"
import { collect, type Problem } from "./check.js"

/** The options of `NodeTls` that are read: values, or Effects that read them. */
export interface Sources {
  readonly ca?: string | ReadonlyArray<string> | Effect.Effect<string, unknown> | undefined
  readonly certificate?: string | Effect.Effect<string, unknown> | undefined
  readonly key?: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown> | undefined
  readonly passphrase?: Redacted.Redacted<string> | undefined
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
}

/** The certificates and keys of connections, as read. */
export interface Material {
  readonly ca: string | ReadonlyArray<string> | undefined
  readonly certificate: string | undefined
  readonly key: Redacted.Redacted<string> | undefined
  readonly passphrase: Redacted.Redacted<string> | undefined
  readonly minVersion: "TLSv1.2" | "TLSv1.3"
}

export const tls = ({ ca, certificate, key, minVersion, passphrase }: Partial<Material>) => ({
  ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
  ...(certificate === undefined ? {} : { cert: certificate }),
  ...(key === undefined ? {} : { key: Redacted.value(key) }),
  ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }),
  minVersion: minVersion ?? "TLSv1.2"
})

/** Tries each part alone, so that a problem names the part. */
const problems = ({ ca, certificate, key, passphrase }: Material): ReadonlyArray<Problem> => {
  const fits = (part: Partial<Material>): boolean => {
    try {
      createSecureContext(tls(part))
      return true
    } catch {
      return false
    }
  }
  const { expect, problems } = collect()
  const pems: ReadonlyArray<unknown> = ca === undefined ? [] : Array.isArray(ca) ? ca : [ca]
  const areAuthorities = pems.every((pem) =>
    typeof pem === "string" && pem.includes("-----BEGIN CERTIFICATE-----") && fits({ ca: pem })
  )
  expect("ca", areAuthorities ? ca ?? "" : undefined, "certificates of authorities, as PEM")
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
    expect(
      "key",
      Redacted.isRedacted(key) && fits({ certificate, key, passphrase }) ? key : undefined,
      "the private key of the certificate, as PEM and Redacted, and its passphrase if it has one"
    )
  }
  return problems
}

/** A source that takes longer is treated as one that fails. */
const limit = "5 seconds"

const value = <A>(setting: string, source: A | Effect.Effect<A, unknown>): Effect.Effect<A, Problem> => {
  const unreadable = (reason: string): Problem => ({ setting, expected: `a source that can be read (${reason})` })
  return Effect.isEffect(source)
    ? (source as Effect.Effect<A, unknown>).pipe(
      Effect.catchAllCause((cause) => Effect.fail(unreadable(tagOf(Cause.squash(cause))))),
      abandonable,
      Effect.timeoutFail({ duration: limit, onTimeout: () => unreadable(`nothing within ${limit}`) })
    )
    : Effect.succeed(source)
}

export const hasSources = ({ ca, certificate, key }: Sources): boolean =>
  [ca, certificate, key].some((one) => Effect.isEffect(one))

/** Reads the sources. Fails with every problem of what they return. */
export const read = (options: Sources): Effect.Effect<Material, ReadonlyArray<Problem>> =>
  Effect.all({
    ca: value<Material["ca"]>("ca", options.ca),
    certificate: value<Material["certificate"]>("certificate", options.certificate),
    key: value<Material["key"]>("key", options.key)
  }).pipe(
    Effect.mapError((problem) => [problem]),
    Effect.map((parts): Material => ({
      ...parts,
      passphrase: options.passphrase,
      minVersion: options.minVersion ?? "TLSv1.2"
    })),
    Effect.filterOrElse((material) => problems(material).length === 0, (material) => Effect.fail(problems(material)))
  )
