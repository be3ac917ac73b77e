/** The program under test: it reads its configuration from the environment, and does not use the library. */
export const orders = async (environment) => {
  const { API_BASE_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_TOKEN_URL } = environment
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: OAUTH_CLIENT_ID,
    client_secret: OAUTH_CLIENT_SECRET
  })
  const { access_token } = await (await fetch(OAUTH_TOKEN_URL, { method: "POST", body })).json()
  const response = await fetch(`${API_BASE_URL}/orders`, { headers: { authorization: `Bearer ${access_token}` } })
  return response.status
}
