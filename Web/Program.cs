using OrleansBulk.Storage;
using OrleansBulk.Web;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(services => new Database(
    builder.Configuration.GetConnectionString("Bulk") ?? throw new InvalidOperationException("ConnectionStrings:Bulk is missing."),
    services.GetRequiredService<ILoggerFactory>()));
builder.AddWebFrame();

var app = builder.Build();
app.UseWebFrame();
app.Run();
