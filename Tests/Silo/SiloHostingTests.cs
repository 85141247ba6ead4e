using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Hosting;

namespace OrleansBulk.Tests.Silo;

/// <summary>A silo that is told nonsense says which setting it is, and does not start.</summary>
public sealed class SiloHostingTests
{
    [Fact]
    public async Task WithoutAConnectionString_TheSettingAndItsVariableAreNamed()
    {
        var error = await StartAsync<SiloStartException>(("ConnectionStrings:Bulk", ""));

        Assert.Contains("ConnectionStrings:Bulk is not set", error.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__Bulk", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hello", "cannot be read")]
    [InlineData("Host=localhost;Colour=blue", "cannot be read")]
    [InlineData("Database=bulk;Username=bulk", "names no Host")]
    public async Task AConnectionStringThatIsNone_IsNamed(string text, string expected)
    {
        var error = await StartAsync<SiloStartException>(("ConnectionStrings:Bulk", text));

        Assert.Contains("ConnectionStrings__Bulk", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AConnectionStringThatCannotBeRead_IsNotRepeated_SinceItHoldsAPassword()
    {
        var error = await StartAsync<SiloStartException>(("ConnectionStrings:Bulk", "Host=localhost;Password=hush-hush;Colour=blue"));

        Assert.DoesNotContain("hush-hush", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Upstreams:Mode", "Production", "Upstreams:Mode is 'Production'")]
    [InlineData("Upstreams:codeforces:Concurrency", "many", "Upstreams:codeforces:Concurrency is 'many'")]
    [InlineData("Upstreams:codeforces:Concurrency", "0", "oncurrency")]
    [InlineData("Upstreams:codeforces:Limits", "2 calls a second", "Upstreams:codeforces:Limits")]
    [InlineData("Upstreams:codeforces:BaseUrl", "ftp://codeforces.com", "Upstreams:codeforces:BaseUrl")]
    [InlineData("Upstreams:codeforces:Timeout", "soon", "Upstreams:codeforces:Timeout is 'soon'")]
    [InlineData("Database:Wait", "-1", "Database:Wait is '-1'")]
    public async Task ASettingThatCannotBe_IsNamed(string setting, string value, string expected)
    {
        var error = await StartAsync<Exception>(("ConnectionStrings:Bulk", "Host=127.0.0.1;Port=1;Database=bulk;Username=bulk"), (setting, value));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static async Task<TException> StartAsync<TException>(params (string Key, string Value)[] settings) where TException : Exception
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Prepend(("Database:Wait", "00:00:00")).Reverse().DistinctBy(setting => setting.Item1).ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2));
        builder.AddBulkSilo();
        using var host = builder.Build();
        return await Assert.ThrowsAnyAsync<TException>(() => host.StartAsync());
    }
}
