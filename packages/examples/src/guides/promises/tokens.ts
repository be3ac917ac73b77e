import { PromiseClient } from "@effect-oauth/client-credentials"

const auth = PromiseClient.create({
  issuer: "https://auth.example.com",
  clientId: "inventory-sync",
  clientSecret: process.env["KAFKA_CLIENT_SECRET"] ?? "",
  scope: "kafka"
})

/** For KafkaJS, which calls this function whenever it connects. */
export const sasl = {
  mechanism: "oauthbearer",
  oauthBearerProvider: async () => ({ value: (await auth.token()).value })
} as const

/** For a library that reports rejected tokens. */
export const withToken = async <A>(use: (token: string) => Promise<A>, isRejection: (error: unknown) => boolean) => {
  const token = await auth.token()
  try {
    return await use(token.value)
  } catch (error) {
    if (!isRejection(error) || !await auth.invalidate(token)) throw error
    return await use((await auth.token()).value)
  }
}
