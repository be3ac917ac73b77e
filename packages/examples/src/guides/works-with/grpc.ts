import type { PromiseClient } from "@effect-oauth/client-credentials"
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js"

/** The metadata of each call has a token that is usable then. */
export const channelCredentials = (api: PromiseClient.PromiseClient, channel = credentials.createSsl()) =>
  credentials.combineChannelCredentials(
    channel,
    credentials.createFromMetadataGenerator((_, callback) => {
      api.token().then(({ value }) => {
        const metadata = new Metadata()
        metadata.set("authorization", `Bearer ${value}`)
        callback(null, metadata)
      }, callback)
    })
  )

/** Repeats a call once with another token when the server rejects the token. */
export const withReplay = async <A>(api: PromiseClient.PromiseClient, call: () => Promise<A>): Promise<A> => {
  const token = await api.token()
  try {
    return await call()
  } catch (error) {
    const isRejected = (error as ServiceError).code === status.UNAUTHENTICATED
    if (!isRejected || !await api.invalidate(token)) throw error
    return call()
  }
}

// const client = new InventoryClient("api.example.com:443", channelCredentials(api))
