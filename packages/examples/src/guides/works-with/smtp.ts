import type { PromiseClient } from "@effect-oauth/client-credentials"
import { createTransport } from "nodemailer"

/** Logs in by XOAUTH2. When the server rejects a token, nodemailer requests another one and logs in once more. */
export const mail = (
  { invalidate, token }: PromiseClient.PromiseClient,
  user = "stock@example.com",
  server: object = { host: "smtp.example.com", port: 465, secure: true }
) => {
  let last = ""
  const provide = async () => {
    if (last !== "") await invalidate(last)
    const { expiresAt, value } = await token()
    last = value
    return { expires: expiresAt.getTime(), value }
  }
  return createTransport({
    ...server,
    auth: {
      type: "OAuth2",
      user,
      provisionCallback: (_user, _renew, callback) => {
        provide().then(({ expires, value }) => callback(null, value, expires), callback)
      }
    }
  })
}
