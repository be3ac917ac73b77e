/** The methods by which a client proves itself, apart from what uses them, which takes time to load. */
export const methods = [
  "client_secret_basic",
  "client_secret_post",
  "client_secret_jwt",
  "private_key_jwt",
  "tls_client_auth",
  "self_signed_tls_client_auth"
] as const
