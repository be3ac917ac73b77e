/**
 * Probes of the connection to a server, step by step: its name, the proxy, its port, its certificate.
 */
import { lookup } from "node:dns/promises"
import * as Http from "node:http"
import * as Https from "node:https"
import { connect as connectTcp, isIP, type Socket } from "node:net"
import {
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  rootCertificates,
  type SecureVersion
} from "node:tls"

import * as Effect from "effect/Effect"

import * as errorCode from "../errorCode.js"

export interface Target {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

export const target = (url: string | URL): Target => {
  const { hostname, port, protocol } = new URL(url)
  const isSecure = protocol === "https:"
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? (isSecure ? 443 : 80) : Number(port), isSecure }
}

/** The result of a step. A failed step is a result, not an error of this program. */
export type Tried<A> = { readonly _tag: "Found"; readonly value: A } | {
  readonly _tag: "Failed"
  readonly code: string
}

const found = <A>(value: A): Tried<A> => ({ _tag: "Found", value })

const failed = (error: unknown): Tried<never> => ({ _tag: "Failed", code: errorCode.of(error) })

const timedOut: Tried<never> = { _tag: "Failed", code: "ETIMEDOUT" }

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
    socket.setTimeout(connectTimeout, () => end(timedOut))
    socket.once("connect", () => end(found(performance.now() - begun))).once("error", (error) => end(failed(error)))
    return Effect.sync(() => socket.destroy())
  })

/** The response of a proxy to CONNECT (RFC 9110 section 9.3.6); the connection through it where there is one. */
export interface Tunnel {
  readonly status: number
  readonly socket: Socket | undefined
  /** The schemes of authentication that the proxy names (Proxy-Authenticate). */
  readonly schemes?: ReadonlyArray<string> | undefined
}

/** The first word of each challenge. */
const schemesOf = ({ headers }: Http.IncomingMessage): ReadonlyArray<string> =>
  [headers["proxy-authenticate"] ?? []].flat().map((one) => /^[a-z0-9-]{1,40}/i.exec(one.trim())?.[0] ?? "")

export const tunnel = (proxy: URL, { host, port }: Target): Effect.Effect<Tried<Tunnel>> =>
  Effect.async((resume) => {
    const at = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
    const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
    const request = (proxy.protocol === "https:" ? Https : Http).request({
      ...target(proxy),
      method: "CONNECT",
      path: at,
      agent: false,
      headers: {
        host: at,
        ...(credentials === ":"
          ? {}
          : { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` })
      }
    })
    const rejected = (response: Http.IncomingMessage) =>
      found({ status: response.statusCode ?? 0, socket: undefined, schemes: schemesOf(response) })
    const end = (outcome: Tried<Tunnel>) => {
      if (outcome._tag === "Failed" || outcome.value.socket === undefined) request.destroy()
      resume(Effect.succeed(outcome))
    }
    request.setTimeout(connectTimeout, () => end(timedOut))
    request.once("error", (error) => end(failed(error)))
      .once("response", (response) => end(rejected(response)))
      .once("connect", (response, socket) => {
        if (response.statusCode === 200) return end(found({ status: 200, socket }))
        socket.destroy()
        end(rejected(response))
      })
      .end()
    return Effect.sync(() => request.destroy())
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
  /** The reason why the certificate is not trusted; undefined if it is trusted. */
  readonly rejection: string | undefined
  /** True when the certificate is not for the host, whether or not it is trusted. */
  readonly isOtherName: boolean
  /** From that of the server on. */
  readonly chain: ReadonlyArray<Certificate>
  /** With which code the server ended the connection at once, as one does that requires a client certificate (TLS 1.3). */
  readonly closedWith: string | undefined
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
  readonly minVersion: SecureVersion
}

/** The trust of a look at whether a port speaks TLS. */
export const anyone: Trust = {
  ca: undefined,
  extraCa: undefined,
  certificate: undefined,
  key: undefined,
  minVersion: "TLSv1.2"
}

/** The time, in milliseconds, in which a server that sends no session ticket may end the connection. */
const ticketTimeout = 1000

/** Completes the handshake with any certificate, to report the problem with it. No data is sent over the connection. */
export const handshake = (
  { host, port }: Target,
  { ca, certificate, extraCa, key, minVersion }: Trust,
  socket?: Socket
): Effect.Effect<Tried<Handshake>> =>
  Effect.async((resume) => {
    const connected = connectTls({
      ...(socket === undefined ? { host, port } : { socket }),
      rejectUnauthorized: false,
      minVersion,
      // Versions before 1.2 are offered only to be able to name them.
      ...(minVersion === "TLSv1" ? { ciphers: "DEFAULT:@SECLEVEL=0" } : {}),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? extraCa === undefined ? {} : { ca: [...rootCertificates, extraCa] } : { ca }),
      ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key })
    })
    const end = (outcome: Tried<Handshake>) => {
      connected.removeAllListeners().on("error", () => {}).destroy()
      socket?.destroy()
      resume(Effect.succeed(outcome))
    }
    connected.setTimeout(connectTimeout, () => end(timedOut))
    connected.once("error", (error) => end(failed(error))).once("secureConnect", () => {
      // Declared as an Error; it is the code as a string.
      const rejection: unknown = connected.authorizationError
      const peer = connected.getPeerCertificate(true)
      const seen = {
        isOtherName: peer.subject !== undefined && checkServerIdentity(host, peer) !== undefined,
        protocol: connected.getProtocol() ?? "",
        rejection: connected.authorized
          ? undefined
          : rejection instanceof Error
          ? errorCode.of(rejection)
          : String(rejection),
        chain: certificates(peer)
      }
      const done = (closedWith?: string) => end(found({ ...seen, closedWith }))
      // RFC 8446 section 4.6.1: tickets come after the server has verified the client.
      if (seen.protocol !== "TLSv1.3" || connected.getSession() === undefined) return done()
      connected.removeAllListeners("error").once("session", () => done())
        .once("error", (error) => done(errorCode.of(error))).once("end", () => done("closed"))
      connected.setTimeout(ticketTimeout, () => done()).resume()
    })
    return Effect.sync(() => connected.destroy())
  })

/** Returns whether a port responds by HTTP without TLS. */
export const speaksHttp = ({ host, port }: Target): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const request = Http.request({ host, port, method: "HEAD", path: "/", agent: false })
    const end = (answers: boolean) => {
      request.destroy()
      resume(Effect.succeed(answers))
    }
    request.setTimeout(connectTimeout, () => end(false))
    request.once("error", () => end(false))
      // nginx and Node respond with this at a TLS port.
      .once("response", ({ statusCode }) => end(statusCode !== 400))
      .end()
    return Effect.sync(() => request.destroy())
  })
