import type { PromiseClient } from "@effect-oauth/client-credentials"
import { Kafka, type KafkaConfig, type KafkaJSError } from "kafkajs"

/** Sends the broker a token that is usable whenever a connection is made, or the broker wants another. */
export const kafka = (
  { token }: PromiseClient.PromiseClient,
  options: KafkaConfig = { brokers: ["kafka.example.com:9093"], ssl: true }
) =>
  new Kafka({
    ...options,
    sasl: { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: (await token()).value }) }
  })

/** For `withToken(api, () => producer.connect(), isRejection)`. */
export const isRejection = (error: unknown): boolean =>
  (error as KafkaJSError).name === "KafkaJSSASLAuthenticationError"
