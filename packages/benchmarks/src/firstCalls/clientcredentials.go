package inventory

import (
	"context"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/oauth2/clientcredentials"
)

var config = clientcredentials.Config{
	TokenURL:       "https://auth.example.com/oauth/token",
	ClientID:       "inventory-sync",
	ClientSecret:   os.Getenv("CLIENT_SECRET"),
	EndpointParams: url.Values{"audience": {"https://api.example.com"}},
}
var api = config.Client(context.Background())

func items() (*http.Response, error) {
	return api.Get("https://api.example.com/v1/items")
}
