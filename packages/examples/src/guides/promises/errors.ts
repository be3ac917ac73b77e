import { OAuthError, PromiseClient } from "@effect-oauth/client-credentials"

const api = PromiseClient.fromEnv()

export const stock = async (sku: string): Promise<number | "later"> => {
  try {
    const response = await api.fetch(`/items/${encodeURIComponent(sku)}`)
    const { quantity } = await response.json() as { readonly quantity: number }
    return quantity
  } catch (error) {
    // An error of this library has a `_tag`, and `retryable` if the same call may succeed later.
    if (OAuthError.isOAuthError(error) && error.retryable) return "later"
    throw error
  }
}
