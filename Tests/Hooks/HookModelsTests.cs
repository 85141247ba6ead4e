using Microsoft.Extensions.Configuration;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Hooks;

/// <summary>Whose keys go where.</summary>
public sealed class HookModelsTests
{
    [Theory]
    [InlineData("Simulated", null, "simulated-OPENAI_API_KEY")] // whoever runs the simulator reads along
    [InlineData("Simulated", "http://127.0.0.1:5081/openai", "simulated-OPENAI_API_KEY")]
    [InlineData("Simulated", "https://models.example.org", "sk-real")] // this model is not simulated
    [InlineData("Live", null, "sk-real")]
    public void ARealKey_GoesToItsProviderOnly(string mode, string? url, string sent)
    {
        var models = Models(("Upstreams:Mode", mode), ("OPENAI_API_KEY", "sk-real"), ("Hooks:Models:0:Id", "m"), ("Hooks:Models:0:Keys:0", "OPENAI_API_KEY"), ("Hooks:Models:0:BaseUrl", url));

        Assert.Equal(sent, models.Secret(models.All[0], "OPENAI_API_KEY"));
    }

    [Fact]
    public void WithoutAKey_OnlyTheSimulatorIsAsked()
    {
        var models = Models(("Hooks:Models:0:Id", "here"), ("Hooks:Models:0:Keys:0", "K"), ("Hooks:Models:1:Id", "there"), ("Hooks:Models:1:Keys:0", "K"), ("Hooks:Models:1:BaseUrl", "https://models.example.org"));

        Assert.Equal("simulated-K", models.Secret(models.All[0], "K"));
        Assert.Null(models.Secret(models.All[1], "K"));
    }

    [Theory]
    [InlineData("Simulated", "simulated-github")]
    [InlineData("Live", "ghp_real")]
    public void TheTokenOfAnUpstream_DoesNotGoToTheSimulatorEither(string mode, string sent) =>
        Assert.Equal(sent, UpstreamCatalog.FromConfiguration(Configuration(("Upstreams:Mode", mode), ("Upstreams:github:Token", "ghp_real"))).Get("github").Token);

    private static HookModels Models(params (string Name, string? Value)[] settings) => HookModels.FromConfiguration(Configuration(settings));

    private static IConfiguration Configuration(params (string Name, string? Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value))).Build();
}
