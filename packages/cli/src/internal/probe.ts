/**
 * A look at the way to a server, one step after the other: its name, its port, its certificate.
 */
import { lookup } from "node:dns/promises"
import { connect as connectTcp, isIP } from "node:net"
import { connect as connectTls, type PeerCertificate, rootCertificates } from "node:tls"

import * as Effect from "effect/Effect"

import * as errorCode from "./errorCode.js"

export interface Target {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

export const target = (url: string): Target => {
  const { hostname, port, protocol } = new URL(url)
  const isSecure = protocol === "https:"
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (isSecure ? 443 : 80) : Number(port), isSecure }
}

/** What a step that is no error of this program came to. */
export type Tried<A> = { readonly _tag: "Found"; readonly value: A } | {
  readonly _tag: "Failed"
  readonly code: string
}

const found = <A>(value: A): Tried<A> => ({ _tag: "Found", value })

const failed = (error: unknown): Tried<never> => ({ _tag: "Failed", code: errorCode.of(error) })

export const addresses = (host: string): Effect.Effect<Tried<ReadonlyArray<string>>> =>
  Effect.promise(() => lookup(host, { all: true }).then((all) => found(all.map(({ address }) => address)), failed))

const connectTimeout = 5000

/** In milliseconds. */
export const connection = ({ host, port }: Target): Effect.Effect<Tried<number>> =>
  Effect.async((resume) => {
    const begun = performance.now()
    const socket = connectTcp({ host, port })
    const end = (outcome: Tried<number>) => {
      socket.destroy()
      resume(Effect.succeed(outcome))
    }
    socket.setTimeout(connectTimeout, () => end(failed({ code: "ETIMEDOUT" })))
    socket.once("connect", () => end(found(performance.now() - begun))).once("error", (error) => end(failed(error)))
    return Effect.sync(() => socket.destroy())
  })

export interface Certificate {
  readonly subject: string
  readonly issuer: string
  readonly names: ReadonlyArray<string>
  /** Milliseconds since the epoch. */
  readonly validFrom: number
  readonly validTo: number
}

export interface Handshake {
  readonly protocol: string
  /** Why the certificate is not trusted; undefined when it is. */
  readonly refusal: string | undefined
  /** From that of the server on. */
  readonly chain: ReadonlyArray<Certificate>
}

const named = ({ CN, O }: PeerCertificate["subject"]): string => String(CN ?? O ?? "no name")

const certificates = (first: PeerCertificate): ReadonlyArray<Certificate> => {
  const chain: Array<Certificate> = []
  const seen = new Set<string>()
  let next: (PeerCertificate & { readonly issuerCertificate?: PeerCertificate }) | undefined = first
  while (next?.subject !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256)
    chain.push({
      subject: named(next.subject),
      issuer: named(next.issuer),
      names: (next.subjectaltname ?? "").split(", ").flatMap((name) => name.replace(/^(DNS|IP Address):/, "") || []),
      validFrom: Date.parse(next.valid_from),
      validTo: Date.parse(next.valid_to)
    })
    next = next.issuerCertificate
  }
  return chain
}

export interface Trust {
  readonly ca: string | undefined
  readonly extraCa: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** The handshake is let through whatever the certificate, to be able to say what is wrong with it; nothing is ever sent. */
export const handshake = (
  { host, port }: Target,
  { ca, certificate, extraCa, key }: Trust
): Effect.Effect<Tried<Handshake>> =>
  Effect.async((resume) => {
    const socket = connectTls({
      host,
      port,
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? extraCa === undefined ? {} : { ca: [...rootCertificates, extraCa] } : { ca }),
      ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key })
    })
    const end = (outcome: Tried<Handshake>) => {
      socket.destroy()
      resume(Effect.succeed(outcome))
    }
    socket.setTimeout(connectTimeout, () => end(failed({ code: "ETIMEDOUT" })))
    socket.once("error", (error) => end(failed(error))).once("secureConnect", () => {
      // Declared as an Error; it is the code as a text.
      const refusal: unknown = socket.authorizationError
      end(found({
        protocol: socket.getProtocol() ?? "",
        refusal: socket.authorized ? undefined : refusal instanceof Error ? errorCode.of(refusal) : String(refusal),
        chain: certificates(socket.getPeerCertificate(true))
      }))
    })
    return Effect.sync(() => socket.destroy())
  })
