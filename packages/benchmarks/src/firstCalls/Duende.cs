using Duende.AccessTokenManagement;
using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddDistributedMemoryCache();
services.AddClientCredentialsTokenManagement()
    .AddClient("inventory", client =>
    {
        client.TokenEndpoint = new Uri("https://auth.example.com/oauth/token");
        client.ClientId = ClientId.Parse("inventory-sync");
        client.ClientSecret = ClientSecret.Parse(Environment.GetEnvironmentVariable("CLIENT_SECRET")!);
        client.Parameters.Add("audience", "https://api.example.com");
    });
services.AddClientCredentialsHttpClient("api", ClientCredentialsClientName.Parse("inventory"),
    http => http.BaseAddress = new Uri("https://api.example.com/v1/"));

var api = services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient("api");
var items = await api.GetStringAsync("items");
