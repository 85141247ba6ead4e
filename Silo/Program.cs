using OrleansBulk.Hosting;

return await SiloHosting.RunAsync(args);
