import type { PromiseClient } from "@effect-oauth/client-credentials"
import { Kafka, type KafkaConfig, type KafkaJSError } from "kafkajs"

/** Sends the broker a valid token on each connection and each re-authentication. */
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
