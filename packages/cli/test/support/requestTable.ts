/**
 * Requests, by the arguments that HTTPie and this command share. `URL` is replaced by that of the API, and the files are in
 * the working directory.
 */
export const files: Readonly<Record<string, string>> = {
  "note.txt": "line one\nline two\n",
  "data.json": "{\"x\": 1.5, \"ys\": [1,2,  {\"z\":null}], \"u\": \"\\u00fc\\/\"}",
  "table.csv": "a,b\n1,2\n",
  "query.txt": "from a file"
}

export const table: ReadonlyArray<ReadonlyArray<string>> = [
  ["GET", "URL/items"],
  ["URL/items"],
  ["get", "URL/items"],
  ["DELETE", "URL/items/1"],
  ["HEAD", "URL/items"],
  ["OPTIONS", "URL/items"],
  ["POST", "URL/items"],
  ["PUT", "URL/items"],
  ["PATCH", "URL/items"],
  // Query
  ["GET", "URL/items", "q==v"],
  ["GET", "URL/items", "q==a b", "q==é~*-._!'()/&=+%", "empty=="],
  ["GET", "URL/items?z=1", "q==2"],
  ["GET", "URL/items?z=a%20b&y=%7E"],
  ["GET", "URL/items", "q==@query.txt"],
  ["URL/a b/ü/😀?q=a b&ü=ü", "r==a b"],
  ["URL/a|b^c`d{e}[f]\"g\"<h>\\i'j'?a[b]={c}|^`\"d\"<e>\\f"],
  ["URL/-._~!$&'()*+,;=:@//a;b?-._~!$&()*+,;=:@/?"],
  ["URL/%7Ea%2fb%20c%c3%bc?q=%7ea%2fb%20c%c3%bc"],
  ["URL/100%?q=100%", "r==100%"],
  ["URL/a%20b%zz?c%20d%zz"],
  ["URL?a=b", "c==d"],
  ["URL/../a/./b/../c#d", "e==f"],
  ["POST", "URL/items", "q==1", "a=b"],
  // JSON
  ["URL/items", "name=bolt"],
  [
    "POST",
    "URL/items",
    "name=bolt",
    "quantity:=3",
    "price:=1.5",
    "big:=12345678901234567890",
    "on:=true",
    "none:=null"
  ],
  ["POST", "URL/items", "text=é ☃ 😀 \"quoted\" \\ / \t", "empty="],
  ["POST", "URL/items", "list:=[1,2,{\"a\":\"b\"}]", "object:={\"k\":[],\"o\":{}}"],
  ["POST", "URL/items", "string:=\"x\\u00e9\\/\""],
  ["POST", "URL/items", "a=1", "b=2", "a=3"],
  ["POST", "URL/items", "note=@note.txt", "data:=@data.json"],
  ["POST", "URL/items", "url=http://x/?a==b", "time=12:30", "mail=a@b.c"],
  ["POST", "URL/items", "with\\=sign=1", "with\\:colon=2", "with\\@at=3", "back\\slash=4"],
  // Inner keys
  ["POST", "URL/items", "user[name]=Ada", "user[tags][]=a", "user[tags][]:=2", "user[address][city]=London"],
  ["POST", "URL/items", "m[0][1]=b", "m[2]=c"],
  ["POST", "URL/items", "[]=first", "[]:=2"],
  ["POST", "URL/items", "[0][a]=x", "[1][a]=y"],
  ["POST", "URL/items", "a\\[b\\]=1", "c[\\[d\\]]=2", "e[\\1]=3"],
  ["POST", "URL/items", "a:={\"b\":1}", "c[d]:={\"e\":[1]}"],
  ["POST", "URL/items", "a[\\-1]=1", "b[+1]=2", "c[ 1 ]=3", "d[1_0]=4", "5=6"],
  ["POST", "URL/items", "a:=[1,[2],{\"b\":[]}]", "a[]=3", "a[0]=0", "a[1][]=4"],
  // Headers
  ["GET", "URL/items", "X-One:1", "X-Space: two ", "X-Empty;", "Accept:text/csv"],
  ["GET", "URL/items", "Accept:"],
  ["POST", "URL/items", "Content-Type:application/vnd.api+json", "a=b"],
  ["POST", "URL/items", "Accept:application/xml", "a=b"],
  ["GET", "URL/items", "X-File:@query.txt"],
  ["GET", "URL/items", "X-Url:http://x/?a=b"],
  ["GET", "URL/items", "X-Name:Zoë ☃"],
  ["GET", "URL/items", "X-A:1", "x-a:2", "X-B;", "X-B:ü", "X-C:1", "X-C:1"],
  ["GET", "URL/items", "Accept:text/csv", "Accept:text/plain"],
  // Forms
  ["--form", "POST", "URL/items", "a=b", "c=d e"],
  ["--form", "POST", "URL/items", "a=~*-._!'()", "ü=é+&=%", "a=2", "b[c]=d"],
  ["--form", "POST", "URL/items", "note=@note.txt"],
  ["--form", "POST", "URL/items", "a:=\"b\\u00fc\"", "c:=1", "d:=1.5", "e:=12345678901234567890"],
  ["-f", "URL/items", "a=b"],
  ["--form", "POST", "URL/items"],
  // Bodies
  ["POST", "URL/items", "@note.txt"],
  ["PUT", "URL/items", "@data.json"],
  ["POST", "URL/items", "@table.csv"],
  ["POST", "URL/items", "@data.json", "Content-Type:application/merge-patch+json"],
  ["--raw", "{\"a\":1}", "POST", "URL/items"],
  ["--raw", "plain text", "PUT", "URL/items", "Content-Type:text/plain"],
  ["--raw", "a=b", "--form", "POST", "URL/items"],
  ["URL/items", "--raw", "x"],
  // Uploads
  ["--form", "--boundary=BOUNDARY", "POST", "URL/items", "file@note.txt", "kind=text"],
  ["--form", "--boundary=BOUNDARY", "POST", "URL/items", "kind=text", "file@data.json;type=text/x", "é=ü"],
  ["--multipart", "--boundary=BOUNDARY", "POST", "URL/items", "a=b", "c=d"]
]

/** Arguments that both reject, without a request. */
export const rejected: ReadonlyArray<ReadonlyArray<string>> = [
  ["URL/items", "a[-1]=x"],
  ["URL/items", "[-1]=x"],
  ["URL/items", "[a]=1"],
  ["URL/items", "[\\1]=1"],
  ["URL/items", "a[b]=1", "a[0]=2"],
  ["URL/items", "a[b=1"],
  ["URL/items", "a[b]c=1"],
  ["URL/items", "a:={"],
  ["--form", "URL/items", "b:={\"a\":1}"],
  ["--form", "URL/items", "b:=[]"],
  ["--form", "URL/items", "b:=null"],
  ["--form", "URL/items", "b:=@data.json"],
  ["--multipart", "URL/items", "b:={\"a\":1}"],
  ["URL/items", "X-A;1"],
  ["URL/items", "X-Ä:1"]
]
