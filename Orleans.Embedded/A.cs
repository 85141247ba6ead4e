namespace Orleans; public interface IGrainWithStringKey;
