import { ClientAuthentication, PromiseClient, Signer } from "@effect-oauth/client-credentials"
import { Effect } from "effect"

/** The used part of AWS KMS: `new KMS()` of `@aws-sdk/client-kms` implements it. */
interface Kms {
  readonly sign: (input: {
    KeyId: string
    Message: Uint8Array
    MessageType: "DIGEST"
    SigningAlgorithm: "ECDSA_SHA_256"
  }) => Promise<{ Signature?: Uint8Array | undefined }>
}

export const client = (kms: Kms, KeyId: string) =>
  PromiseClient.create({
    tokenUrl: "https://auth.example.com/oauth/token",
    clientId: "inventory-sync",
    clientAuthentication: ClientAuthentication.privateKeyJwt({
      signer: Signer.fromDer({
        algorithm: "ES256",
        keyId: KeyId,
        // A signer returns an Effect: `Effect.tryPromise` creates one from a function that returns a promise.
        signDigest: (digest) =>
          Effect.tryPromise(async () => {
            const { Signature } = await kms.sign({
              KeyId,
              Message: digest,
              MessageType: "DIGEST",
              SigningAlgorithm: "ECDSA_SHA_256"
            })
            return Signature ?? new Uint8Array()
          })
      })
    }),
    apiBaseUrl: "https://api.example.com/v1"
  })
