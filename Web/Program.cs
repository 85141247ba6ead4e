using OrleansBulk.Storage;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Health;
using OrleansBulk.Web.Security;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(services => new Database(
    builder.Configuration.GetConnectionString("Bulk") ?? throw new InvalidOperationException("ConnectionStrings:Bulk is missing."),
    services.GetRequiredService<ILoggerFactory>()));
builder.AddErrors();
builder.AddSecurity();
builder.AddAccounts();
builder.AddHealth();
builder.Services.AddRazorPages();

var app = builder.Build();
app.UseSecurity();
app.UseErrors();
app.UseRouting();
app.UseAccounts();
app.UseCrossSiteGuard();
app.MapHealth();
app.MapRazorPages();
app.Run();
