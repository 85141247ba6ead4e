using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Storage;
using OrleansBulk.Hosting;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

/// <summary>The storage of a silo as <see cref="SiloHosting"/> composes it: Orleans' provider on our statements.</summary>
[Trait("Category", "Grains")]
public sealed class AdoNetGrainStorageTests(AdoNetGrainStorageTests.OneSilo silo) : GrainStorageConformance, IClassFixture<AdoNetGrainStorageTests.OneSilo>
{
    private protected override IGrainStorage Storage => silo.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);

    public sealed class OneSilo : IAsyncLifetime, IAsyncDisposable
    {
        private readonly PostgresDatabase _database = new();
        private IHost? _host;

        public IServiceProvider Services => _host!.Services;

        public async Task InitializeAsync()
        {
            await _database.InitializeAsync();
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Bulk", _database.ConnectionString)]);
            builder.AddBulkSilo();
            _host = builder.Build();
            await _host.StartAsync();
        }

        public async Task DisposeAsync()
        {
            await _host!.StopAsync();
            _host.Dispose();
            await _database.DisposeAsync();
        }

        ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());
    }
}
