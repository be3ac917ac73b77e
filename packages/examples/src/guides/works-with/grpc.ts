import type { PromiseClient } from "@effect-oauth/client-credentials"
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js"

/** Adds the metadata `authorization` to each call, with a token that is valid at that time. */
export const channelCredentials = ({ token }: PromiseClient.PromiseClient, channel = credentials.createSsl()) =>
  credentials.combineChannelCredentials(
    channel,
    credentials.createFromMetadataGenerator((_, callback) => {
      token().then(({ value }) => {
        const metadata = new Metadata()
        metadata.set("authorization", `Bearer ${value}`)
        callback(null, metadata)
      }, callback)
    })
  )

/** For `withToken`. */
export const isRejection = (error: unknown): boolean => (error as ServiceError).code === status.UNAUTHENTICATED

// const client = new InventoryClient("api.example.com:443", channelCredentials(api))
