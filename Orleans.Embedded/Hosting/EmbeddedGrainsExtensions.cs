using System.Reflection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Registers the embedded grain runtime.</summary>
public static class EmbeddedGrainsExtensions
{
    /// <summary>
    /// Adds a silo for the grain classes of the given assemblies, and <see cref="IGrainFactory"/> and <see cref="IClusterClient"/> to call them by.
    /// Hosted services start in the order of their registration: whatever calls grains while it starts comes after this.
    /// </summary>
    public static IServiceCollection AddEmbeddedGrains(
        this IServiceCollection services, Action<EmbeddedGrainOptions>? configure, params Assembly[] grainAssemblies)
    {
        services.AddOptions<EmbeddedGrainOptions>().Configure(options =>
        {
            options.GrainAssemblies.UnionWith(grainAssemblies);
            configure?.Invoke(options);
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EmbeddedGrainOptions>, OptionsCheck>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<EmbeddedSilo>();
        services.TryAddSingleton<IClusterClient>(provider => provider.GetRequiredService<EmbeddedSilo>().Client);
        services.TryAddSingleton<IGrainFactory>(provider => provider.GetRequiredService<EmbeddedSilo>().Client);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, EmbeddedSilo>(provider => provider.GetRequiredService<EmbeddedSilo>()));
        return services;
    }

    /// <summary>Adds a storage in memory under the name that <see cref="PersistentStateAttribute"/> asks for.</summary>
    public static IServiceCollection AddMemoryGrainStorage(this IServiceCollection services, string name) =>
        services.AddKeyedSingleton<IGrainStorage, MemoryGrainStorage>(name);

    private sealed class OptionsCheck : IValidateOptions<EmbeddedGrainOptions>
    {
        public ValidateOptionsResult Validate(string? name, EmbeddedGrainOptions options)
        {
            string[] problems = [.. options.Problems()];
            return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }
    }
}
