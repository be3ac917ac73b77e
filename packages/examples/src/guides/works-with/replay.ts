import type { PromiseClient } from "@effect-oauth/client-credentials"

/** Makes a call with a token, and once again with another one when the server rejects the token. */
export const withReplay = async <A>(
  { invalidate, token }: PromiseClient.PromiseClient,
  isRejection: (error: unknown) => boolean,
  call: (token: string) => Promise<A>
): Promise<A> => {
  const first = await token()
  try {
    return await call(first.value)
  } catch (error) {
    if (!isRejection(error) || !await invalidate(first)) throw error
    return await call((await token()).value)
  }
}
