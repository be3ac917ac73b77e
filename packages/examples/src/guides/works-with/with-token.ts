import type { PromiseClient } from "@effect-oauth/client-credentials"

/** Uses a token, and once more a new one when the server rejects the first. */
export const withToken = async <A>(
  { invalidate, token }: PromiseClient.PromiseClient,
  use: (token: string) => Promise<A>,
  isRejection: (error: unknown) => boolean
): Promise<A> => {
  const first = await token()
  try {
    return await use(first.value)
  } catch (error) {
    if (!isRejection(error) || !await invalidate(first)) throw error
    return await use((await token()).value)
  }
}
