import type { PromiseClient } from "@effect-oauth/client-credentials"
import { Kafka } from "kafkajs"

/** The broker gets a token that is usable whenever a connection is made or its session ends. */
export const kafka = (api: PromiseClient.PromiseClient, options = { brokers: ["kafka.example.com:9093"], ssl: true }) =>
  new Kafka({
    clientId: "inventory-sync",
    ...options,
    sasl: {
      mechanism: "oauthbearer",
      oauthBearerProvider: async () => ({ value: (await api.token()).value })
    }
  })
