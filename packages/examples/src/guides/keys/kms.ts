import { ClientAuthentication, ClientCredentials, Signer } from "@effect-oauth/client-credentials"
import { Effect, Layer } from "effect"

/** The used part of AWS KMS: `new KMS()` of `@aws-sdk/client-kms` implements it. */
interface Kms {
  readonly getPublicKey: (input: { KeyId: string }) => Promise<{ PublicKey?: Uint8Array | undefined }>
  readonly sign: (input: {
    KeyId: string
    Message: Uint8Array
    MessageType: "DIGEST"
    SigningAlgorithm: "ECDSA_SHA_256"
  }) => Promise<{ Signature?: Uint8Array | undefined }>
}

/** Signs with a key of the spec ECC_NIST_P256 and the usage SIGN_VERIFY. */
export const kmsSigner = (kms: Kms, KeyId: string) =>
  Effect.map(
    Effect.tryPromise(() => kms.getPublicKey({ KeyId })),
    ({ PublicKey }) =>
      Signer.fromDer({
        algorithm: "ES256",
        keyId: KeyId,
        publicKey: PublicKey,
        signDigest: (digest) =>
          Effect.tryPromise(() =>
            kms.sign({ KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" })
          ).pipe(Effect.map(({ Signature }) => Signature ?? new Uint8Array()))
      })
  )

export const api = (kms: Kms) =>
  Layer.unwrapEffect(Effect.map(kmsSigner(kms, "alias/inventory-sync"), (signer) =>
    ClientCredentials.layer({
      issuer: "https://auth.example.com",
      clientId: "inventory-sync",
      clientAuthentication: ClientAuthentication.privateKeyJwt({ signer }),
      apiBaseUrl: "https://api.example.com/v1"
    })))
