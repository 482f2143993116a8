// Makes the container `cache` of an account. Arguments: the account's URL, its name, its key.
const { BlobServiceClient, StorageSharedKeyCredential } = require(
  `${process.env.NODE_MODULES}/@azure/storage-blob`,
);
const [url, name, key] = process.argv.slice(1);
const client = new BlobServiceClient(url, new StorageSharedKeyCredential(name, key));
client.getContainerClient('cache').create();
