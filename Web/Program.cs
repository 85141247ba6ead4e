using OrleansBulk.Hosting;
using OrleansBulk.Web;

var builder = WebApplication.CreateBuilder(args);
builder.AddBulkSilo();
builder.AddWebFrame();

var app = builder.Build();
app.UseWebFrame();
app.Run();
