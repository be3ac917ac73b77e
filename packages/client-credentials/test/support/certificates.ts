/**
 * A certificate authority for tests, and certificates from it.
 */
import { Effect } from "effect"
import { generate } from "selfsigned"

export interface Pems {
  readonly private: string
  readonly cert: string
}

type Options = NonNullable<Parameters<typeof generate>[1]>

const certificate = (name: string, options: Options): Effect.Effect<Pems> =>
  Effect.promise(() =>
    generate([{ name: "commonName", value: name }], { keyType: "ec", algorithm: "sha256", ...options })
  )

export const authority = (name: string) =>
  certificate(name, {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true }
    ]
  })

const from = (ca: Pems): Options => ({ ca: { key: ca.private, cert: ca.cert } })

export const server = (ca: Pems, ip = "127.0.0.1", options: Options = {}) =>
  certificate(ip, { ...from(ca), extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip }] }], ...options })

export const client = (ca: Pems, name: string, options: Options = {}) =>
  certificate(name, {
    ...from(ca),
    extensions: [{ name: "extKeyUsage", clientAuth: true }, {
      name: "subjectAltName",
      altNames: [{ type: 2, value: name }]
    }],
    ...options
  })

/** Creates a self-signed certificate. */
export const selfSigned = (name: string) => certificate(name, {})
